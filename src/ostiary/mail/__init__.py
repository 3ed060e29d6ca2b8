"""Mails: a record of each, its text in the recipient's language, and the way out over SMTP.

``send`` stores mails in the transaction of whatever they tell of, so that they are sent exactly
when that has happened. The worker then writes their text and hands them to a mail server, or only
keeps them while none is set. Knows no governance: features bring their templates.
"""
