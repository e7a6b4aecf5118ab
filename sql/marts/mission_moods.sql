-- marts.mission_moods: how large each mission is and how it feels, among customers and outside: sums, nobody's row.
-- place: customers (by their latest journey), partners (people whom only partners know), visitors (cookies of nobody known),
-- authors (handles of nobody known). size: expected people. mission null: those who tell none; their share is of everybody
-- there, all others' of those who tell one. low, high: 95 % of share. Texts count by how likely they are of the mission.
-- grain   place, mission
-- reads   missions.moods
-- params  none
select
    mission,
    place,
    size,
    share,
    low,
    high,
    texts,
    positive_share,
    positive_low,
    positive_high,
    negative_share,
    negative_low,
    negative_high
from missions.moods
