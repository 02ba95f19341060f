PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_grants` (
	`subject_kind` text NOT NULL,
	`subject_id` text NOT NULL,
	`role` text NOT NULL,
	`scope` text NOT NULL,
	`scope_id` text DEFAULT '' NOT NULL,
	PRIMARY KEY(`subject_kind`, `subject_id`, `scope`, `scope_id`)
);
--> statement-breakpoint
INSERT INTO `__new_grants`("subject_kind", "subject_id", "role", "scope", "scope_id") SELECT "subject_kind", "subject_id", "role", "scope", '' FROM `grants`;--> statement-breakpoint
DROP TABLE `grants`;--> statement-breakpoint
ALTER TABLE `__new_grants` RENAME TO `grants`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE INDEX `grants_role` ON `grants` (`role`,`subject_kind`);--> statement-breakpoint
CREATE INDEX `grants_scope` ON `grants` (`scope`,`scope_id`);--> statement-breakpoint
ALTER TABLE `sessions` ADD `user_agent` text;--> statement-breakpoint
ALTER TABLE `users` ADD `disabled_at` integer;--> statement-breakpoint
CREATE INDEX `audit_at` ON `audit` (`at`);