-- missions.macro_entries: which bag has which word how often, by their numbers.
-- grain   place, is_journey, bag_position, word_position
-- reads   missions.macro_words, missions.macro_bags, missions.macro_vocabulary
-- params  none
select
    w.place,
    w.is_journey,
    b.bag_position,
    v.word_position,
    w.times
from missions.macro_words as w
inner join missions.macro_vocabulary as v on w.place = v.place and w.word = v.word
inner join missions.macro_bags as b on w.place = b.place and w.is_journey = b.is_journey and w.bag = b.bag
