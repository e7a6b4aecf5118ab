-- identity.settled_devices: cookies whose owners are told anew: those of tonight's events, and those that the resettled
-- records, or an e-mail address of theirs, are or were tied to.
-- grain   anonymous_id
-- reads   whole.records, former.records, whole.device_ties, former.device_ties, whole.device_emails, former.device_emails, whole.given_keys, identity.resettled, identity.touched_devices
-- params  none
with
resettled as (select record_id from identity.resettled),
records as (
    select record_id, kind, value from whole.records
    union all
    select record_id, kind, value from former.records
),
people as (
    select records.value as crm_id
    from records
    inner join resettled on records.record_id = resettled.record_id
    where records.kind = 'crm_id'
),
ties as (
    select anonymous_id, crm_id from whole.device_ties
    union all
    select anonymous_id, crm_id from former.device_ties
),
emails as (
    select anonymous_id, email_key from whole.device_emails
    union all
    select anonymous_id, email_key from former.device_emails
),
mailboxes as (
    select distinct given_keys.key_value as email_key
    from whole.given_keys as given_keys
    inner join resettled on given_keys.record_id = resettled.record_id
    where given_keys.key_kind = 'email'
),
found as (
    select ties.anonymous_id
    from ties
    inner join people on ties.crm_id = people.crm_id
    union all
    select emails.anonymous_id
    from emails
    inner join mailboxes on emails.email_key = mailboxes.email_key
    union all
    select anonymous_id from identity.touched_devices
)
select distinct anonymous_id
from found
where anonymous_id is not null
