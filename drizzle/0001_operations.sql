DROP INDEX `operations_running_subject`;--> statement-breakpoint
ALTER TABLE `operations` ADD `subject_name` text;--> statement-breakpoint
ALTER TABLE `operations` ADD `actor` text DEFAULT '{"kind":"system","id":null,"name":"Strata"}' NOT NULL;--> statement-breakpoint
ALTER TABLE `operations` ADD `cancelled_by` text;--> statement-breakpoint
ALTER TABLE `operations` ADD `needs` text DEFAULT 'instance.operate' NOT NULL;--> statement-breakpoint
ALTER TABLE `operations` ADD `input` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `operations` ADD `done_bytes` real;--> statement-breakpoint
ALTER TABLE `operations` ADD `total_bytes` real;--> statement-breakpoint
ALTER TABLE `operations` ADD `error` text;--> statement-breakpoint
CREATE UNIQUE INDEX `operations_active_subject` ON `operations` (`subject_kind`,`subject_id`) WHERE "operations"."state" IN ('running', 'cancelling');