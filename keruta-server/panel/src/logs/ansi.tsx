// Text of a program with its colours, outside of a log.
import { overwritten, pieces } from "./text.ts";

export function AnsiText({ text }: { text: string }) {
  return (
    <>
      {text.split("\n").map((line, at) => (
        <div key={at} class="text">
          {pieces(overwritten(line).last).map((piece, index) => (
            <span key={index} class={piece.look || undefined} style={piece.color || piece.background ? { color: piece.color, backgroundColor: piece.background } : undefined}>
              {piece.text}
            </span>
          ))}
          {line === "" && " "}
        </div>
      ))}
    </>
  );
}
