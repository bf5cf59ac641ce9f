export const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** A drawing that is readable on light and dark pages. `styles` and `dark` are further rules, those of dark pages apart. */
export function svg(
  {
    width,
    height,
    label,
    styles = "",
    dark = "",
  }: { width: number; height: number; label: string; styles?: string; dark?: string },
  content: string,
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f }
.axis { fill: #6e7781 } .grid { stroke: #d0d7de }${styles}
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .axis { fill: #8b949e } .grid { stroke: #30363d }${dark}
}
</style>
${content}
</svg>
`;
}
