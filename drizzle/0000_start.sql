CREATE TABLE `grants` (
	`subject_kind` text NOT NULL,
	`subject_id` text NOT NULL,
	`role` text NOT NULL,
	`scope` text NOT NULL,
	PRIMARY KEY(`subject_kind`, `subject_id`, `scope`)
);
--> statement-breakpoint
CREATE INDEX `grants_role` ON `grants` (`role`,`subject_kind`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`secret_hash` text NOT NULL,
	`user_id` text NOT NULL,
	`address` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_secret_hash` ON `sessions` (`secret_hash`);--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `sessions_expires` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `tokens` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`secret_hash` text NOT NULL,
	`prefix` text NOT NULL,
	`owner_id` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	FOREIGN KEY (`owner_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_secret_hash` ON `tokens` (`secret_hash`);--> statement-breakpoint
CREATE INDEX `tokens_owner` ON `tokens` (`owner_id`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text NOT NULL,
	`username_key` text NOT NULL,
	`password_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_login_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_key` ON `users` (`username_key`);--> statement-breakpoint
CREATE TABLE `audit` (
	`id` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`actor_name` text NOT NULL,
	`action` text NOT NULL,
	`subject_kind` text NOT NULL,
	`subject_id` text,
	`outcome` text NOT NULL,
	`request_id` text,
	`address` text,
	`detail` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_action` ON `audit` (`action`,`id`);--> statement-breakpoint
CREATE INDEX `audit_actor` ON `audit` (`actor_id`,`id`);--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`subject_id`,`id`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`owner` text NOT NULL,
	`key` text NOT NULL,
	`request_hash` text NOT NULL,
	`answer` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`owner`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_created` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `instance_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`instance_id` text NOT NULL,
	`at` integer NOT NULL,
	`kind` text NOT NULL,
	`from_state` text,
	`to_state` text,
	`generation` integer NOT NULL,
	`run_id` text,
	`actor_kind` text NOT NULL,
	`actor_id` text,
	`actor_name` text NOT NULL,
	`cause` text NOT NULL,
	`message` text NOT NULL,
	FOREIGN KEY (`instance_id`) REFERENCES `instances`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `instance_events_instance` ON `instance_events` (`instance_id`,`id`);--> statement-breakpoint
CREATE TABLE `instance_layers` (
	`instance_id` text NOT NULL,
	`position` integer NOT NULL,
	`template` text NOT NULL,
	`version` text NOT NULL,
	`type` text NOT NULL,
	`sha256` text NOT NULL,
	PRIMARY KEY(`instance_id`, `position`),
	FOREIGN KEY (`instance_id`) REFERENCES `instances`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `instance_layers_version` ON `instance_layers` (`template`,`version`);--> statement-breakpoint
CREATE TABLE `instances` (
	`id` text PRIMARY KEY NOT NULL,
	`revision` integer NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`state` text NOT NULL,
	`desired` text NOT NULL,
	`generation` integer NOT NULL,
	`start_generation` integer NOT NULL,
	`stop_mode` text NOT NULL,
	`applied_generation` integer,
	`reason` text,
	`node_id` text,
	`layers` text NOT NULL,
	`variables` text NOT NULL,
	`secret_names` text NOT NULL,
	`port_requests` text NOT NULL,
	`ports` text NOT NULL,
	`ports_in_use` text,
	`placement` text NOT NULL,
	`persistent` integer NOT NULL,
	`environment` text,
	`resources` text NOT NULL,
	`effective` text NOT NULL,
	`reserved_memory_mb` integer NOT NULL,
	`reserved_cpus` real NOT NULL,
	`reserved_disk_mb` integer NOT NULL,
	`restart` text,
	`allow_process_fallback` integer NOT NULL,
	`prepare_attempts` integer NOT NULL,
	`observed` text,
	`state_since` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`at_rest` integer NOT NULL,
	FOREIGN KEY (`node_id`) REFERENCES `nodes`(`id`) ON UPDATE no action ON DELETE set null
);
--> statement-breakpoint
CREATE UNIQUE INDEX `instances_living_name` ON `instances` (`name`) WHERE "instances"."state" <> 'DESTROYED';--> statement-breakpoint
CREATE INDEX `instances_node` ON `instances` (`node_id`,`state`,`reserved_memory_mb`,`reserved_cpus`,`reserved_disk_mb`);--> statement-breakpoint
CREATE INDEX `instances_state` ON `instances` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `instances_restless` ON `instances` (`id`,`node_id`) WHERE "instances"."at_rest" = 0;--> statement-breakpoint
CREATE TABLE `port_claims` (
	`node_id` text NOT NULL,
	`protocol` text NOT NULL,
	`port` integer NOT NULL,
	`instance_id` text NOT NULL,
	PRIMARY KEY(`node_id`, `protocol`, `port`),
	FOREIGN KEY (`node_id`) REFERENCES `nodes`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`instance_id`) REFERENCES `instances`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `port_claims_instance` ON `port_claims` (`instance_id`);--> statement-breakpoint
CREATE TABLE `nodes` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`region` text,
	`tags` text NOT NULL,
	`dev_mode` integer NOT NULL,
	`schedulable` integer NOT NULL,
	`local` integer NOT NULL,
	`secret_hash` text,
	`join_token_hash` text,
	`join_token_expires_at` integer,
	`specs` text,
	`joined_at` integer,
	`last_seen_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `nodes_name` ON `nodes` (`name`);--> statement-breakpoint
CREATE INDEX `nodes_join_token` ON `nodes` (`join_token_hash`);--> statement-breakpoint
CREATE TABLE `port_quarantine` (
	`node_id` text NOT NULL,
	`protocol` text NOT NULL,
	`port` integer NOT NULL,
	`until` integer NOT NULL,
	PRIMARY KEY(`node_id`, `protocol`, `port`),
	FOREIGN KEY (`node_id`) REFERENCES `nodes`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `operations` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`subject_kind` text NOT NULL,
	`subject_id` text NOT NULL,
	`state` text NOT NULL,
	`done_amount` real NOT NULL,
	`total_amount` real,
	`step` text NOT NULL,
	`result` text,
	`created_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `operations_running_subject` ON `operations` (`subject_kind`,`subject_id`) WHERE "operations"."state" = 'running';--> statement-breakpoint
CREATE INDEX `operations_kind` ON `operations` (`kind`,`subject_kind`,`subject_id`);--> statement-breakpoint
CREATE TABLE `secrets` (
	`name` text PRIMARY KEY NOT NULL,
	`sealed` text NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `template_tags` (
	`template` text NOT NULL,
	`tag` text NOT NULL,
	`version` text NOT NULL,
	PRIMARY KEY(`template`, `tag`),
	FOREIGN KEY (`template`,`version`) REFERENCES `template_versions`(`template`,`version`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `template_versions` (
	`template` text NOT NULL,
	`version` text NOT NULL,
	`type` text NOT NULL,
	`description` text NOT NULL,
	`sha256` text NOT NULL,
	`size_bytes` integer NOT NULL,
	`unpacked_bytes` integer NOT NULL,
	`files` integer NOT NULL,
	`duplicates` integer NOT NULL,
	`object_key` text NOT NULL,
	`manifest` text NOT NULL,
	`published_at` integer NOT NULL,
	`published_by` text NOT NULL,
	PRIMARY KEY(`template`, `version`)
);
--> statement-breakpoint
CREATE INDEX `template_versions_newest` ON `template_versions` (`template`,`published_at`);--> statement-breakpoint
CREATE INDEX `template_versions_sha256` ON `template_versions` (`sha256`);