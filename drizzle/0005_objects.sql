CREATE TABLE `brain_facts` (
	`name` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `object_places` (
	`key` text PRIMARY KEY NOT NULL,
	`store` text NOT NULL,
	`size_bytes` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `object_places_store` ON `object_places` (`store`,`key`);