// The stream of a run: keeps a connection, comes back when it was cut, and says how it stands.

const FIRST_PAUSE = 300;
const LONGEST_PAUSE = 5000;

/** Calls `onView` with every outline of the run, and `onState` with `live`, `lost` or `over`. */
export function follow(run, onView, onState) {
  let pause = FIRST_PAUSE;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const address = `${scheme}://${location.host}/ws?run=${encodeURIComponent(run)}&what=view`;
    const socket = new WebSocket(address, "apex.stream.v1");
    let isOver = false;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      pause = FIRST_PAUSE;
      if (message.schema === "apex.view/1") {
        onView(message);
        onState("live");
      } else if (message.type === "end") {
        isOver = true;
        onState("over");
      }
    };
    socket.onclose = () => {
      if (isOver) return;
      onState("lost");
      setTimeout(connect, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    };
  };
  connect();
}
