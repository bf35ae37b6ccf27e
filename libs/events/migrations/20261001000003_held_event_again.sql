-- When a held event is tried again without a person: it was held because something was away, or waits behind one that was.
alter table held_event add column again_at timestamptz;
-- the consumer reads these and nothing else
create index held_event_again on held_event (again_at) where state = 'held' and again_at is not null;
