-- Splits the tables that hold the volume into pieces by the hash of their ids, in one transaction.
-- Run it with every server and worker stopped: psql --single-transaction --file partition-a-database.sql DATABASE
DO $$
DECLARE
    pieces constant integer := 16;
    split text;
    whole text;
    found record;
    numbers text;
    options text;
BEGIN
    FOREACH split IN ARRAY ARRAY['work', 'callouts', 'callout_attempts', 'audit_records'] LOOP
        whole := split || '_whole';
        EXECUTE format('ALTER TABLE %I RENAME TO %I', split, whole);
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING INDEXES) PARTITION BY HASH (id)', split, whole);
        -- Options of storage, such as how full pages are made, belong to the pieces.
        SELECT coalesce('WITH (' || array_to_string(reloptions, ', ') || ')', '') INTO options
            FROM pg_class WHERE oid = whole::regclass;
        FOR piece IN 0 .. pieces - 1 LOOP
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s) %s',
                split || '_' || piece, split, pieces, piece, options
            );
        END LOOP;
        EXECUTE format('INSERT INTO %I SELECT * FROM %I', split, whole);

        -- The same indexes under the same names, because later migrations call them by name.
        FOR found IN
            SELECT relname AS name, indisprimary AS is_primary, pg_get_indexdef(indexrelid) AS definition
            FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
            WHERE indrelid = whole::regclass
        LOOP
            IF found.is_primary THEN
                EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I', whole, found.name);
                EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I PRIMARY KEY (id)', split, found.name);
            ELSE
                EXECUTE format('DROP INDEX %I', found.name);
                EXECUTE replace(found.definition, '.' || whole || ' ', '.' || split || ' ');
            END IF;
        END LOOP;

        -- Ids that are counted go on where they were.
        numbers := pg_get_serial_sequence(whole, 'id');
        IF numbers IS NOT NULL THEN
            EXECUTE format('ALTER SEQUENCE %s OWNED BY %I.id', numbers, split);
        END IF;
        EXECUTE format('DROP TABLE %I', whole);
    END LOOP;
END
$$;
