export default defineAppConfig({
  ui: {
    colors: { primary: 'copper', neutral: 'stone', success: 'green', info: 'blue', warning: 'amber', error: 'red' },
    button: {
      slots: { base: 'cursor-pointer' },
      // Under the pointer a button stays readable: the theme's own 75 % of the colour is too pale for its text.
      compoundVariants: [
        { color: 'primary', variant: 'solid', class: 'hover:bg-primary/90 active:bg-primary/90' },
        { color: 'error', variant: 'solid', class: 'hover:bg-error/90 active:bg-error/90' },
      ],
    },
    table: {
      slots: {
        root: 'my-0 rounded-none',
        base: 'min-w-full tabular-nums',
        thead: 'bg-default',
        th: 'h-9 py-0 px-3 first:ps-4 last:pe-4 sm:first:ps-6 sm:last:pe-6 text-xs font-medium text-muted whitespace-nowrap border-b border-default',
        td: 'h-9 py-0 px-3 first:ps-4 last:pe-4 sm:first:ps-6 sm:last:pe-6 text-sm text-default whitespace-nowrap border-b border-muted',
        tbody: 'divide-y-0 [&>tr]:data-[selectable=true]:hover:bg-elevated/60',
        separator: 'hidden',
      },
    },
    dashboardNavbar: { slots: { root: 'h-14', title: 'text-base' } },
    dashboardToolbar: { slots: { root: 'py-2 flex-wrap overflow-x-visible' } },
    dashboardPanel: { slots: { body: 'p-4 sm:p-6 gap-6 sm:gap-6' } },
    dashboardSidebar: { slots: { root: 'bg-muted', header: 'h-14 px-4', body: 'px-3', footer: 'px-3 py-3' } },
    formField: { slots: { label: 'font-medium', help: 'text-xs', description: 'text-xs', error: 'text-sm' } },
    tooltip: { slots: { content: 'h-auto py-1 max-w-80', text: 'whitespace-normal overflow-visible' } },
    modal: { slots: { overlay: 'bg-elevated/80' } },
  },
})
