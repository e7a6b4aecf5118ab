-- identity.emails: every e-mail address that a crm_id gave, in the CRM or when logging in.
-- `plain` is trimmed and lower case (what partners hash); `mailbox` is the mailbox that it reaches:
-- without a +tag, and, of the providers that say so of theirs, without dots and under one of several domains.
-- grain   crm_id, plain
-- reads   ingest.customers_history, ingest.events
-- params  none
with
customers as (select * from ingest.customers_history),
events as (select * from ingest.events),
given as (
    select crm_id, lower(trim(email)) as plain from customers where email is not null
    union all
    select user_id as crm_id, lower(trim(email)) as plain
    from events
    where user_id is not null and email is not null
),
parts as (
    select distinct
        crm_id,
        plain,
        case
            when plain like '+%' then split_part(plain, '@', 1)
            else regexp_replace(split_part(plain, '@', 1), '[+].*$', '')
        end as local_part,
        split_part(plain, '@', 2) as domain
    from given
    where plain like '%_@_%'
)
select
    crm_id,
    plain,
    local_part,
    case
        when domain in ('gmail.com', 'googlemail.com') then replace(local_part, '.', '') || '@gmail.com'
        when domain in ('proton.me', 'protonmail.com', 'pm.me') then replace(local_part, '.', '') || '@proton.me'
        when domain in ('icloud.com', 'me.com', 'mac.com') then local_part || '@icloud.com'
        else local_part || '@' || domain
    end as mailbox
from parts
