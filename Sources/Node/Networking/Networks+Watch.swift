internal import Lanes
internal import LinuxKernel
internal import Logging
internal import Netlink

extension Networks {
    /// Puts back bridges that somebody removes while containers are on them; serves until the calling task is cancelled.
    package func watch() async {
        let removals: AsyncStream<LinkWatch.Event>
        do throws(SyscallError) { removals = Self.events(of: try LinkWatch()) } catch {
            logger.warning("bridges not watched", metadata: ["reason": "\(error)"])
            return
        }
        for await event in removals {
            switch event {
            case .removed(_, let index):
                for (id, bridge) in bridges where bridge == index { putBack(id) }
            case .overrun:
                guard let links = try? session().list(LinkRequests.list(), Link.init) else { continue }
                let there = Set(links.map(\.index))
                for (id, bridge) in bridges where !there.contains(bridge) { putBack(id) }
            }
        }
    }

    private func putBack(_ id: String) {
        bridges[id] = nil
        guard let network = book.network(id: id) else { return }
        do throws(NetworkError) {
            try rejoin(network)
            logger.notice("bridge put back", metadata: ["network": "\(network.name)", "bridge": "\(network.link)"])
        } catch {
            logger.error("bridge not put back", metadata: ["network": "\(network.name)", "error": "\(error)"])
        }
    }

    /// The events, brought by a thread that does nothing but wait for the kernel.
    private static func events(of watch: LinkWatch) -> AsyncStream<LinkWatch.Event> {
        AsyncStream(bufferingPolicy: .bufferingNewest(256)) { continuation in
            _ = DedicatedThread.start { () throws(SyscallError) in
                do throws(SyscallError) {
                    while true {
                        for event in try watch.next() {
                            if case .terminated = continuation.yield(event) { return }
                        }
                    }
                } catch {
                    continuation.finish()
                }
            }
        }
    }
}
