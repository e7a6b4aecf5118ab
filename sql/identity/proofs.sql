-- identity.proofs: the web events that say who somebody is: a login, an order, or an e-mail address given.
-- grain   message_id
-- reads   ingest.events
-- params  none
select message_id, anonymous_id, user_id, order_id, email, occurred_at
from ingest.events
where user_id is not null or order_id is not null or email is not null
