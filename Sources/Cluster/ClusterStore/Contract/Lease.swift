/// A promise to come back: objects written with it go when nobody renewed it in time.
///
/// Grants survive a restart, renewals are never written down: a store that starts gives each lease its whole time anew.
///
/// Source: etcd v3, `Lease`.
package struct Lease: Hashable, Sendable {
    package let id: LeaseID
    package let timeToLive: Duration

    package init(id: LeaseID, timeToLive: Duration) {
        self.id = id
        self.timeToLive = timeToLive
    }
}

package struct LeaseID: Hashable, Sendable, CustomStringConvertible {
    package let number: Int64

    package init(_ number: Int64) {
        self.number = number
    }

    package var description: String { String(number, radix: 16) }
}
