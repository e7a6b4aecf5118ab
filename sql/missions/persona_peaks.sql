-- missions.persona_peaks: how the text that was felt most on a journey felt: -1 (worst) to 1 (best).
-- grain   journey_id
-- reads   journeys.touchpoints, emotion.emotions
-- params  none
select
    t.journey_id,
    e.valence as peak
from journeys.touchpoints as t
inner join emotion.emotions as e on t.source = e.source and t.record_id = e.record_id
where t.journey_id is not null and t.text is not null and e.valence is not null
qualify row_number() over (partition by t.journey_id order by abs(e.valence) desc, t.occurred_at, t.touch_id) = 1
