import { alertRules } from "../../src/alerts/rules.ts"

/**
 * Loaded into the service before its own modules (`NODE_OPTIONS=--import=...`): a full disk is an alert, and is over, at
 * once. How long the rule waits else is tested with the rules.
 */
Object.assign(alertRules.disk_critical, { forMillis: 0, endForMillis: 0 })
