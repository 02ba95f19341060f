ALTER TABLE `nodes` ADD `certificate` text;--> statement-breakpoint
ALTER TABLE `nodes` ADD `access_revoked_at` integer;--> statement-breakpoint
ALTER TABLE `nodes` ADD `certificates_since` integer;--> statement-breakpoint
ALTER TABLE `nodes` ADD `regain_until` integer;