-- ingest.x__tweets: a post of X's API v2 as a post: of an edited one all versions are one post, and the newest stands.
-- A version's id holds the time at which it was written, in milliseconds since X's first one. What is withheld may not be
-- shown, so it is not counted; a repost says what somebody else said.
-- grain   post_id
-- reads   door.x__tweets
-- params  none
with delivered as (
    select
        *,
        coalesce(note, text) as words,
        regexp_extract_all(hashtags, '"tag": *"([^"\\]*)"', 1) as tag_names,
        nullif(regexp_extract(versions, '^[[] *"([0-9]+)"', 1), '') as first_id,
        coalesce(
            nullif(regexp_extract(referenced, '"type": *"replied_to", *"id": *"([0-9]+)"', 1), ''),
            nullif(regexp_extract(referenced, '"id": *"([0-9]+)", *"type": *"replied_to"', 1), '')
        ) as replied_to,
        case
            when regexp_matches(id, '^[0-9]{15,19}$') then (floor(cast(id as double) / 4194304) + 1288834974657) / 1000
        end as seconds
    from door.x__tweets
),

timed as (
    select
        *,
        cast(floor(seconds / 86400) as integer) as day_count,
        cast(floor(seconds) - 86400 * floor(seconds / 86400) as integer) as second_count,
        cast(round(1000 * (seconds - floor(seconds))) as integer) as millisecond_count
    from delivered
)

select
    table_name,
    delivered_night,
    delivered_file,
    delivered_line,
    raw,
    unmapped,
    coalesce(first_id, id) as post_id,
    'x' as platform,
    coalesce(username, author_id) as author_handle,
    created_at,
    regexp_replace(
        regexp_replace(regexp_replace(words, '&lt\x3b', '<', 'g'), '&gt\x3b', '>', 'g'), '&amp\x3b', '&', 'g'
    ) as text,
    lang,
    like_count as likes,
    repost_count as shares,
    case when array_length(tag_names) > 0 then concat('["', array_to_string(tag_names, '","'), '"]') end as topics,
    replied_to as in_reply_to,
    case when place_type = 'city' then place end as city,
    case
        when day_count is not null
            then cast(
                timestamp '1970-01-01 00:00:00'
                + day_count * interval '1 day'
                + second_count * interval '1 second'
                + 1000 * millisecond_count * interval '1 microsecond' as varchar
            )
        else created_at
    end as updated_at,
    case
        when broken is not null then broken
        when withheld is not null then 'not_ours: the post is withheld'
        when regexp_matches(referenced, '"type": *"retweeted"') then 'not_ours: a repost of what somebody else said'
    end as broken
from timed
