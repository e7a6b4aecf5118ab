-- identity.changed: records that are new, that are gone, or that say something else of a person than they did.
-- A later order or a refusal changes nobody's likeness: see identity.restated.
-- grain   record_id
-- reads   fresh.records, former.records, fresh.given_keys, former.given_keys
-- params  none
with
now as (
    select
        record_id, kind, value, first_name, last_name, born, street, city, postcode, loyalty_id, social_handle
    from fresh.records
),
before as (
    select
        record_id, kind, value, first_name, last_name, born, street, city, postcode, loyalty_id, social_handle
    from former.records
),
keys_now as (select record_id, key_kind, key_value from fresh.given_keys),
keys_before as (select record_id, key_kind, key_value from former.given_keys),
new_rows as (
    select * from now
    except
    select * from before
),
old_rows as (
    select * from before
    except
    select * from now
),
new_keys as (
    select * from keys_now
    except
    select * from keys_before
),
old_keys as (
    select * from keys_before
    except
    select * from keys_now
)
select record_id from new_rows
union
select record_id from old_rows
union
select record_id from new_keys
union
select record_id from old_keys
