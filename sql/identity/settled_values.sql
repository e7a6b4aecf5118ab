-- identity.settled_values: every value whose holders are told anew: what the resettled records give or gave, the e-mail
-- addresses given on their cookies, and the handles of tonight's authors.
-- grain   key_kind, key_value
-- reads   whole.given_keys, former.given_keys, identity.resettled, identity.device_emails, arrived.posts
-- params  none
with
resettled as (select record_id from identity.resettled),
given as (
    select record_id, key_kind, key_value from whole.given_keys
    union all
    select record_id, key_kind, key_value from former.given_keys
),
found as (
    select given.key_kind, given.key_value
    from given
    inner join resettled on given.record_id = resettled.record_id
    union all
    select 'email' as key_kind, email_key as key_value from identity.device_emails
    union all
    select 'social_handle' as key_kind, regexp_replace(lower(trim(author_handle)), '^@', '') as key_value
    from arrived.posts
)
select distinct key_kind, key_value
from found
where key_value is not null
