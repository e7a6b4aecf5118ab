-- marts.emotion_curve: how journeys feel from sub-step to sub-step, one row per mission (and 'ALL') and sub-step reached.
-- grain   mission, sub_step
-- reads   ranking.emotion_curve
-- params  none
select * from ranking.emotion_curve
