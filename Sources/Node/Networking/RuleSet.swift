internal import JSON

/// Our packet rules: two tables of nftables, whose rules never change and whose sets hold what does.
///
/// Every packet meets the same few rules however many containers there are; which container it is about is a look-up in a hash.
/// Nothing outside of these tables is read or written.
package struct RuleSet: Sendable {
    /// The name of both tables.
    package let table: String
    package private(set) var elements: Set<RuleElement> = []

    package init(table: String) {
        self.table = table
    }

    // MARK: changes

    /// What has to be sent so that `added` are in and `removed` are out; nil when nothing changes.
    package mutating func change(add added: [RuleElement], remove removed: [RuleElement] = []) -> String? {
        // Never a walk over all there is, which a subtraction would be.
        let new = Set(added).filter { !elements.contains($0) }
        let old = Set(removed).filter(elements.contains).subtracting(added)
        elements.formUnion(new)
        elements.subtract(old)
        guard !new.isEmpty || !old.isEmpty else { return nil }
        let commands = commands("delete", old) + commands("add", new)
        let document: JSONValue = ["nftables": .array(commands)]
        return document.description
    }

    private func commands(_ verb: String, _ elements: Set<RuleElement>) -> [JSONValue] {
        let byPlace = Dictionary(grouping: elements, by: \.place)
        return RuleElement.Place.allCases.compactMap { place in
            guard let members = byPlace[place] else { return nil }
            let target: JSONValue = [
                "family": .string(place.family), "table": .string(table), "name": .string(place.rawValue),
                "elem": .array(members.map { verb == "delete" && place.isMap ? $0.json[0] ?? .null : $0.json }),
            ]
            return [verb: ["element": target]]
        }
    }

    // MARK: everything

    /// A transaction that removes our tables.
    package var removal: String {
        ["inet", "bridge"].map { "add table \($0) \(table)\ndelete table \($0) \(table)\n" }.joined()
    }

    /// A transaction that puts everything in the place of whatever our tables hold.
    package var whole: String {
        """
        \(removal)
        table inet \(table) {
        \(sets("inet"))
        chain raw {
            type filter hook prerouting priority -300;
            iifname @bridges ip daddr 127.0.0.0/8 drop
            iifname @bridges ip saddr 127.0.0.0/8 drop
        }
        chain publish {
            dnat ip to ip daddr . meta l4proto . th dport map @publishedAt4
            dnat ip6 to ip6 daddr . meta l4proto . th dport map @publishedAt6
            meta nfproto ipv4 fib daddr type local dnat ip to meta l4proto . th dport map @published4
            meta nfproto ipv6 fib daddr type local dnat ip6 to meta l4proto . th dport map @published6
        }
        chain prerouting {
            type nat hook prerouting priority -100;
            meta l4proto { tcp, udp, sctp } jump publish
        }
        chain output {
            type nat hook output priority -100;
            ip6 daddr ::1 return
            meta l4proto { tcp, udp, sctp } jump publish
        }
        chain postrouting {
            type nat hook postrouting priority 100;
            oifname @bridges ip saddr 127.0.0.0/8 masquerade
            oifname @bridges ct status dnat ip saddr @subnets4 masquerade
            oifname @bridges ct status dnat ip6 saddr @subnets6 masquerade
            iifname @masqueraded oifname != @bridges oifname != "lo" masquerade
        }
        chain forward {
            type filter hook forward priority 0;
            iifname != @bridges oifname != @bridges accept
            ct state established,related accept
            iifname . oifname @talking accept
            iifname @secluded drop
            oifname @secluded drop
            ct status dnat accept
            iifname @bridges oifname @bridges drop
            oifname @routed accept
            oifname @bridges drop
        }
        }
        table bridge \(table) {
        \(sets("bridge"))
        chain guard {
            type filter hook prerouting priority -300;
            ether type ip iifname . ether saddr . ip saddr @sources4 accept
            iifname != @guarded accept
            iifname . ether saddr != @macs drop
            ether type arp iifname . arp saddr ether . arp saddr ip @sources4 accept
            ether type != ip6 drop
            icmpv6 type nd-router-advert drop
            icmpv6 type nd-neighbor-advert iifname . \(RuleElement.Place.advertised) != @neighbours6 drop
            ip6 saddr :: accept
            iifname . ip6 saddr @sources6 accept
            drop
        }
        }

        """
    }

    private func sets(_ family: String) -> String {
        let byPlace = Dictionary(grouping: elements, by: \.place)
        return RuleElement.Place.allCases.filter { $0.family == family }.map { place in
            let members = (byPlace[place] ?? []).map(\.text).sorted().joined(separator: ", ")
            let content = members.isEmpty ? "" : "\n    elements = { \(members) }"
            return
                "\(place.isMap ? "map" : "set") \(place.rawValue) {\n    \(place.declaration)\(place.isOfPrefixes ? "\n    flags interval" : "")\(content)\n}"
        }.joined(separator: "\n")
    }
}
