-- marts.touchpoints: one row per touch, with the columns that the journey map can name, its owner and its journey.
-- grain   touch_id
-- reads   journeys.touchpoints
-- params  none
select * from journeys.touchpoints
