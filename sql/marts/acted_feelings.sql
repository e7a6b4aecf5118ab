-- marts.acted_feelings: feelings that were acted, not said: one row per touch and kind.
-- grain   touch_id, kind
-- reads   journeys.acted_feelings
-- params  none
select
    journey_id,
    touch_id,
    kind,
    strength
from journeys.acted_feelings
