-- missions.devices: the kind of device that most of a journey's visits came from, where browsers say so.
-- grain   journey_id
-- reads   missions.visits
-- params  none
with kinds as (
    select
        journey_id,
        case
            when regexp_matches(user_agent, 'ipad|tablet') then 'tablet'
            when regexp_matches(user_agent, 'mobile|android|iphone') then 'phone'
            when regexp_matches(user_agent, 'windows|macintosh|linux|cros') then 'computer'
        end as device
    from missions.visits
),

counted as (
    select
        journey_id,
        device,
        count(*) as visits
    from kinds
    where device is not null
    group by journey_id, device
)

select
    journey_id,
    device
from counted
qualify row_number() over (partition by journey_id order by visits desc, device) = 1
