-- identity.device_emails: e-mail addresses that somebody gave on a cookie without logging in, as SHA-256.
-- grain   anonymous_id, email_key, occurred_at
-- reads   ingest.events
-- params  none
select distinct anonymous_id, sha256(lower(trim(email))) as email_key, occurred_at
from ingest.events
where anonymous_id is not null and user_id is null and email is not null
