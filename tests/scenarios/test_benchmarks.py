"""The benchmarks keep up with the tables: what they copy is parked as the real thing is."""

from __future__ import annotations

from pathlib import Path

from bench import copying, parked


async def test_copies_of_a_parked_request_wait_each_for_a_person_of_its_own(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'bench.db'}"

    place, _ = await parked.prepared("copied", url, 5)

    async with copying.target(url) as target:
        waiting = await target.rows(
            "SELECT r.id FROM assignment_requests AS r JOIN callouts AS c ON c.owner_id = r.id "
            "AND c.id = r.callout_id JOIN work AS w ON w.key = c.id JOIN subjects AS s "
            "ON s.object_id = r.target_id JOIN audit_records AS a ON a.correlation_id = r.id "
            "JOIN assignments AS g ON g.id = r.assignment_id AND g.target_id = r.target_id "
            "WHERE c.status = 'waitingForCallback' AND w.kind = 'callout.timeout'"
        )
    assert len(waiting) == len({id for (id,) in waiting}) == 6
    assert {request for request, _ in await parked.sample(place, 9)} == {id for (id,) in waiting}
