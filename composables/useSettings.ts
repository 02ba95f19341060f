import { settingsView } from '../shared/schemas/settings'

/** How the brain is set up; for admins. */
export function useSettings() {
  const api = useApi()
  return useResource(signal => api('/settings', { answer: settingsView, signal }))
}
