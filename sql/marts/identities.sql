-- marts.identities: one row per identifier and owner: who it belongs to, by what evidence, how surely, and when.
-- A partner who calls people by their e-mail address has it told as the SHA-256 of what
-- is written: no mart holds an address, and two ways to write one stay two identifiers.
-- grain   identifier_kind, identifier_value, valid_from, customer_id
-- reads   identity.identifiers
-- params  none
select
    identifier_kind,
    case
        when starts_with(identifier_kind, 'partner:') and regexp_matches(trim(identifier_value), '^[^@ ]+@[^@ ]+$')
            then sha256(identifier_value)
        else identifier_value
    end as identifier_value,
    customer_id,
    matched_by,
    match_probability,
    valid_from,
    valid_to
from identity.identifiers
