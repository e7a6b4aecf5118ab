-- identity.contradictions: two records of one component that cannot be one person, whatever else agrees.
-- Two birth dates more than a slip apart (one digit, or digits swapped); two loyalty numbers that both stand (a card that
-- was replaced is none); or two first names of which neither is a spelling, an initial or a nickname of the other, nor the
-- other's last name. First names are left to the pair model where the birth date and a key, or the initial, agree; where a
-- birth date is unknown but a key, the last name and the first three letters agree; and where two other records of the
-- component show the two names to be one person's (by a key, the last name and the birth date). A slip in a last name is none.
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
known_names as (
    select distinct
        lefts.component,
        least(lefts.first_name, rights.first_name) as one_name,
        greatest(lefts.first_name, rights.first_name) as other_name
    from tied
    inner join members as lefts on tied.left_id = lefts.record_id
    inner join members as rights on tied.right_id = rights.record_id and lefts.component = rights.component
    where
        lefts.born = rights.born
        and levenshtein(lefts.last_name, rights.last_name) * 3 <= greatest(length(lefts.last_name), length(rights.last_name))
),
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
        coalesce(
            lefts.loyalty_id <> rights.loyalty_id
            and not list_contains(lefts.loyalty_ids, rights.loyalty_id)
            and not list_contains(rights.loyalty_ids, lefts.loyalty_id),
            false
        ) as is_other_loyalty,
        coalesce(
            lefts.first_root <> rights.first_root
            and known_names.component is null
            and levenshtein(lefts.first_name, rights.first_name)
            * case when levenshtein(lefts.first_name, rights.first_name) > 2 then 3 else 2 end
            > greatest(length(lefts.first_name), length(rights.first_name))
            and not starts_with(lefts.first_name, rights.first_name)
            and not starts_with(rights.first_name, lefts.first_name)
            and not coalesce(
                (
                    levenshtein(lefts.first_name, rights.last_name) * 3 <= length(rights.last_name)
                    or starts_with(rights.last_name, lefts.first_name)
                    or starts_with(lefts.first_name, rights.last_name)
                )
                and (
                    levenshtein(lefts.last_name, rights.first_name) * 3 <= length(rights.first_name)
                    or starts_with(rights.first_name, lefts.last_name)
                    or starts_with(lefts.last_name, rights.first_name)
                ),
                false
            )
            and not (
                coalesce(lefts.born = rights.born, false)
                and (tied.left_id is not null or substr(lefts.first_name, 1, 1) = substr(rights.first_name, 1, 1))
            )
            and not coalesce(
                (lefts.born is null or rights.born is null)
                and tied.left_id is not null
                and substr(lefts.first_name, 1, 3) = substr(rights.first_name, 1, 3)
                and levenshtein(lefts.last_name, rights.last_name) * 3
                <= greatest(length(lefts.last_name), length(rights.last_name)),
                false
            ),
            false
        ) as is_other_name
    from members as lefts
    inner join members as rights on lefts.component = rights.component and lefts.record_id < rights.record_id
    left join tied on lefts.record_id = tied.left_id and rights.record_id = tied.right_id
    left join known_names
        on lefts.component = known_names.component
        and known_names.one_name = least(lefts.first_name, rights.first_name)
        and known_names.other_name = greatest(lefts.first_name, rights.first_name)
)
select left_id, right_id, is_other_birth, is_other_loyalty, is_other_name
from pairs
where is_other_birth or is_other_loyalty or is_other_name
