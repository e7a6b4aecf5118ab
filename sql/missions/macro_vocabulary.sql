-- missions.macro_vocabulary: the words of a place that enough journeys have to learn what they say of a mission.
-- grain   place, word
-- reads   missions.macro_words
-- params  fewest_journeys
select
    place,
    word,
    row_number() over (partition by place order by word) - 1 as word_position
from missions.macro_words
where is_journey
group by place, word
having count(*) >= $fewest_journeys
