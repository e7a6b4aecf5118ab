-- identity.nicknames: two unlike first names that one person goes by, learned from the delivery.
-- A pair of names counts where people of one last name, birth date and key go by both; less where twins or a couple of
-- one mailbox could: the birth date and a phone or street, or, where a birth date is unknown, a key and a phone, street
-- or postcode. It takes two families, and five times as many as the names' frequency among such pairs lets expect; more
-- than chance will do where all are of the lesser kind.
-- grain   short_name, long_name
-- reads   identity.key_pairs, identity.keys, identity.records
-- params  none
with
records as (
    select record_id, first_name, last_name, born, street, postcode
    from identity.records
    where first_name is not null and last_name is not null and length(first_name) > 1
),
phones as (
    select record_id, min(key_value) as phone
    from identity.keys
    where key_kind = 'phone'
    group by record_id
),
tied as (select distinct left_id, right_id from identity.key_pairs),
ties as (
    select left_id, right_id from tied
    union
    select lefts.record_id as left_id, rights.record_id as right_id
    from records as lefts
    inner join records as rights
        on lefts.last_name = rights.last_name and lefts.born = rights.born and lefts.record_id < rights.record_id
),
alike as (
    select
        least(lefts.first_name, rights.first_name) as one_name,
        greatest(lefts.first_name, rights.first_name) as other_name,
        lefts.last_name as family,
        max(case when lefts.born = rights.born and tied.left_id is not null then 1.5 else 1.0 end) as weight
    from ties
    inner join records as lefts on ties.left_id = lefts.record_id
    inner join records as rights on ties.right_id = rights.record_id
    left join tied on ties.left_id = tied.left_id and ties.right_id = tied.right_id
    left join phones as left_phones on lefts.record_id = left_phones.record_id
    left join phones as right_phones on rights.record_id = right_phones.record_id
    where
        lefts.last_name = rights.last_name
        and levenshtein(lefts.first_name, rights.first_name) > 2
        and (
            (
                lefts.born = rights.born
                and (tied.left_id is not null or left_phones.phone = right_phones.phone or lefts.street = rights.street)
            )
            or (
                (lefts.born is null or rights.born is null)
                and tied.left_id is not null
                and (
                    left_phones.phone = right_phones.phone
                    or lefts.street = rights.street
                    or lefts.postcode = rights.postcode
                )
            )
        )
    group by
        least(lefts.first_name, rights.first_name), greatest(lefts.first_name, rights.first_name), lefts.last_name
),
pairs as (
    select one_name, other_name, count(*) as people, max(weight) as best, sum(weight) as weight
    from alike
    group by one_name, other_name
),
totals as (
    select
        one_name, other_name, people, best, weight,
        sum(people) over (partition by one_name) as one_total,
        sum(people) over (partition by other_name) as other_total,
        sum(people) over () as total
    from pairs
),
judged as (
    select
        one_name, other_name, people, best, weight, least(one_total, other_total) as rarer_total,
        1.0 * one_total * other_total / total as expected_count
    from totals
)
select
    case when length(one_name) <= length(other_name) then one_name else other_name end as short_name,
    case when length(one_name) <= length(other_name) then other_name else one_name end as long_name,
    cast(people as bigint) as people
from judged
where
    weight >= 2.5
    and (people > 5.0 * expected_count or people * 2 > rarer_total)
    and (best > 1.0 or people > 4 + expected_count + 4 * sqrt(expected_count))
