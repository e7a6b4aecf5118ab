-- marts.identities: one row per identifier and owner: who it belongs to, by what evidence, how surely, and when.
-- grain   identifier_kind, identifier_value, valid_from, customer_id
-- reads   identity.identifiers
-- params  none
select
    identifier_kind,
    identifier_value,
    customer_id,
    matched_by,
    match_probability,
    valid_from,
    valid_to
from identity.identifiers
