export { default } from './[...key].get'
