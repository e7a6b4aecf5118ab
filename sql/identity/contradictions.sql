-- identity.contradictions: two records of one component that cannot be one person, whatever else agrees.
-- Two birth dates more than a slip apart (one digit, or digits swapped), two loyalty numbers, or two first names of which
-- neither is a spelling, an initial or a nickname of the other. The birth date and a
-- key, or the initial, in common leave first names to the pair model.
-- grain   left_id, right_id
-- reads   identity.components, identity.profiles, identity.key_pairs
-- params  none
with
members as (
    select components.component, profiles.*
    from identity.components as components
    inner join identity.profiles as profiles on components.record_id = profiles.record_id
),
tied as (select distinct left_id, right_id from identity.key_pairs),
pairs as (
    select
        lefts.record_id as left_id,
        rights.record_id as right_id,
        coalesce(
            levenshtein(lefts.born, rights.born) > 1
            and not (
                levenshtein(lefts.born, rights.born) = 2 and lefts.birth_digits = rights.birth_digits
            )
            and not (
                substr(lefts.born, 1, 4) = substr(rights.born, 1, 4)
                and substr(lefts.born, 6, 2) = substr(rights.born, 9, 2)
                and substr(lefts.born, 9, 2) = substr(rights.born, 6, 2)
            ),
            false
        ) as is_other_birth,
        coalesce(lefts.loyalty_id <> rights.loyalty_id, false) as is_other_loyalty,
        coalesce(
            lefts.first_root <> rights.first_root
            and levenshtein(lefts.first_name, rights.first_name) * 2
                > greatest(length(lefts.first_name), length(rights.first_name))
            and not starts_with(lefts.first_name, rights.first_name)
            and not starts_with(rights.first_name, lefts.first_name)
            and not (lefts.first_name = rights.last_name and lefts.last_name = rights.first_name)
            and not (
                coalesce(lefts.born = rights.born, false)
                and (tied.left_id is not null or substr(lefts.first_name, 1, 1) = substr(rights.first_name, 1, 1))
            ),
            false
        ) as is_other_name
    from members as lefts
    inner join members as rights on lefts.component = rights.component and lefts.record_id < rights.record_id
    left join tied on lefts.record_id = tied.left_id and rights.record_id = tied.right_id
)
select left_id, right_id, is_other_birth, is_other_loyalty, is_other_name
from pairs
where is_other_birth or is_other_loyalty or is_other_name
