-- A topic that was made anew counts its offsets from the start: what tells its events from those of before is their id.
alter table held_event drop constraint held_event_origin;
create unique index held_event_origin on held_event (tenant_id, topic, partition, "offset", (headers ->> 'ce_id'))
    nulls not distinct;
