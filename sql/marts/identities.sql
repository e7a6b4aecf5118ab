-- marts.identities: one row per identifier and owner: who it belongs to, by what evidence, how surely, and when.
-- A partner who calls people by their e-mail address has it told as its SHA-256: no mart holds an address.
-- grain   identifier_kind, identifier_value, valid_from, customer_id
-- reads   identity.identifiers
-- params  none
select
    identifier_kind,
    case
        when starts_with(identifier_kind, 'partner:') and regexp_matches(trim(identifier_value), '^[^@ ]+@[^@ ]+$')
            then sha256(lower(trim(identifier_value)))
        else identifier_value
    end as identifier_value,
    customer_id,
    matched_by,
    match_probability,
    valid_from,
    valid_to
from identity.identifiers
