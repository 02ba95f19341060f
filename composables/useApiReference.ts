// The program as Scalar ships it, kept whole and fetched by this page alone.
// eslint-disable-next-line strata/arrows -- the address of a file to serve, which the package exports under no name; nothing of it is imported
import scalarUrl from '../node_modules/@scalar/api-reference/dist/browser/standalone.js?url'

/** What of Scalar is used here (https://github.com/scalar/scalar, documentation/configuration.md). */
interface Scalar {
  createApiReference(place: Element, settings: Record<string, unknown>): { destroy(): void }
}
declare global {
  interface Window {
    Scalar?: Scalar
  }
}

/** Nothing of it leaves this machine: no fonts, no telemetry, no assistant, no proxy; the page's content policy would refuse them all. */
const AT_HOME = {
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
  persistAuth: false,
}

/** Draws the document of all routes into an element. `error`: the program could not be fetched. */
export function useApiReference(place: Readonly<Ref<HTMLElement | null>>) {
  const colorMode = useColorMode()
  const ready = ref(false)
  const error = ref(false)
  let drawn: ReturnType<Scalar['createApiReference']> | undefined

  async function draw(): Promise<void> {
    error.value = false
    try {
      const scalar = await fetchScalar()
      if (!place.value) return
      const isDark = colorMode.value === 'dark'
      drawn?.destroy()
      drawn = scalar.createApiReference(place.value, {
        ...AT_HOME,
        url: '/api/v1/openapi.json',
        darkMode: isDark,
        forceDarkModeState: isDark ? 'dark' : 'light',
        hideDarkModeToggle: true,
      })
      ready.value = true
    } catch {
      error.value = true
    }
  }

  onMounted(draw)
  watch(() => colorMode.value, draw)
  onBeforeUnmount(() => drawn?.destroy())
  return { ready, error, draw }
}

let scalar: Promise<Scalar> | undefined

function fetchScalar(): Promise<Scalar> {
  scalar ??= new Promise<Scalar>((resolve, reject) => {
    const script = document.createElement('script')
    script.src = scalarUrl
    script.onload = () => (window.Scalar ? resolve(window.Scalar) : reject(new Error('Scalar did not start.')))
    script.onerror = () => reject(new Error('Scalar could not be fetched.'))
    document.head.append(script)
  }).catch((error: unknown) => {
    // The next try fetches anew.
    scalar = undefined
    throw error
  })
  return scalar
}
