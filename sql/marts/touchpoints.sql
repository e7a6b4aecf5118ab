-- marts.touchpoints: one row per touch, with the columns that the journey map can name, its owner and its journey.
-- E-mail addresses and international phone numbers that somebody wrote into a text or a field are blotted out.
-- grain   touch_id
-- reads   journeys.touchpoints
-- params  none
select
    touch_id,
    source,
    record_id,
    customer_id,
    order_id,
    occurred_at,
    brand,
    channel,
    event,
    outcome,
    topic,
    category,
    duration_seconds,
    rating,
    amount,
    valence,
    visitor_id,
    journey_id,
    case
        when contains(text, '@') or contains(text, '+') or contains(text, '00')
            then regexp_replace(
                regexp_replace(text, '[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+', '[e-mail]', 'g'),
                '(\+|\b00)[1-9][0-9 ()/.-]{6,}[0-9]', '[phone]', 'g'
            )
        else text
    end as text,
    case
        when contains(attributes, '@')
            then regexp_replace(attributes, '[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+', '[e-mail]', 'g')
        else attributes
    end as attributes
from journeys.touchpoints
