CREATE TABLE `registry_logins` (
	`id` text PRIMARY KEY NOT NULL,
	`registry` text NOT NULL,
	`node_id` text,
	`username` text NOT NULL,
	`sealed_secret` text NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`node_id`) REFERENCES `nodes`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `registry_logins_place` ON `registry_logins` (`registry`,`node_id`);--> statement-breakpoint
ALTER TABLE `instances` ADD `image_lock` text;