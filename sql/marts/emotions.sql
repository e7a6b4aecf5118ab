-- marts.emotions: how each text felt; texts of people who refuse analytics are left out.
-- grain   source, record_id
-- reads   emotion.emotions, journeys.touchpoints
-- params  none
select e.*
from emotion.emotions as e
semi join journeys.touchpoints as t on e.source = t.source and e.record_id = t.record_id
