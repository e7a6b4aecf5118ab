-- ingest.posts: one row a public post; most authors are nobody we know.
-- A row of a delivery, typed. problem: why it cannot be taken in; latest_at: the latest time that it may carry;
-- <column>_unread: a text that is not what its column holds.
-- grain   post_id
-- reads   door.posts
-- params  iso_time, number
with delivered as (
    select * from door.posts
),

read as (
    select
        *,
        case
            when regexp_matches(created_at, $iso_time) then cast(try_cast(created_at as timestamptz) as timestamp)
        end as created_at_read,
        case when regexp_matches(likes, $number) then try_cast(likes as double) end as likes_read,
        case when regexp_matches(shares, $number) then try_cast(shares as double) end as shares_read,
        case
            when regexp_matches(updated_at, $iso_time) then cast(try_cast(updated_at as timestamptz) as timestamp)
        end as updated_at_read,
        case
            when regexp_matches(deleted_at, $iso_time) then cast(try_cast(deleted_at as timestamptz) as timestamp)
        end as deleted_at_read
    from delivered
)

select
    post_id,
    platform,
    author_handle,
    created_at_read as created_at,
    text,
    lang,
    likes_read as likes,
    shares_read as shares,
    topics,
    in_reply_to,
    city,
    updated_at_read as updated_at,
    deleted_at_read as deleted_at,
    unmapped,
    delivered_night,
    delivered_file,
    delivered_line,
    cast(delivered_night + interval '1 day' as timestamp) as latest_at,
    case when created_at_read is null then created_at end as created_at_unread,
    case when likes_read is null then likes end as likes_unread,
    case when shares_read is null then shares end as shares_unread,
    case when updated_at_read is null then updated_at end as updated_at_unread,
    case when deleted_at_read is null then deleted_at end as deleted_at_unread,
    coalesce(post_id, '') as record_id,
    case
        when broken is not null then broken
        when post_id is null then 'missing_value: id is empty'
        when platform is null then 'missing_value: platform is empty'
        when author_handle is null then 'missing_value: author_handle is empty'
        when created_at is null then 'missing_value: created_at is empty'
        when text is null then 'missing_value: text is empty'
        when created_at_read is null then 'bad_time: created_at is not an ISO 8601 time'
        when deleted_at is not null and deleted_at_read is null then 'bad_time: deleted_at is not an ISO 8601 time'
    end as problem
from read
