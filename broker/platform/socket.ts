/**
 * Stream sockets behind a port: Node's TCP, and pipes in memory for the simulation.
 *
 * Reading is into buffers of the owner: the socket asks for the next one before each read and says
 * afterwards how many bytes arrived, so that large requests are received without a copy.
 */

export interface SocketOwner {
  /** Where the next read goes; never empty. Not called again before onData() of that read. */
  nextBuffer(): Buffer;
  /** `size` bytes have arrived at the start of the last buffer given. */
  onData(size: number): void;
  /** Called once, whoever closed: the peer, an error, destroy(). Nothing is called after it. */
  onClose(error: Error | null): void;
}

export interface ByteSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The kernel's descriptor, for sendfile; -1 where there is none. */
  readonly fd: number;
  /** Bytes written but not yet taken by the kernel. */
  readonly pendingSize: number;
  /** Sends the buffers in order; `onTaken` is called when the kernel has taken the last of them. */
  write(buffers: readonly Buffer[], onTaken?: () => void): void;
  pause(): void;
  resume(): void;
  /** Closes at once; what was not taken by the kernel is lost. */
  destroy(): void;
}

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly backlog?: number;
  readonly onConnection: (accept: (owner: SocketOwner) => ByteSocket) => void;
}

export interface SocketListener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting; open connections go on. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly owner: SocketOwner;
}

export interface Sockets {
  /** Rejects with Node's error, such as code EADDRINUSE. */
  listen(options: ListenOptions): Promise<SocketListener>;
  /** Rejects with Node's error, or with code ETIMEDOUT after `timeoutMs`. */
  connect(options: ConnectOptions): Promise<ByteSocket>;
}
