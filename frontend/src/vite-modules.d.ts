// The one build of hls.js that is used ships without a declaration of its own.
declare module "hls.js/light" {
  export { default } from "hls.js";
}
