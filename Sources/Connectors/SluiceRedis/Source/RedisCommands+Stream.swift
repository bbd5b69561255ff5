/// The commands of a consumer group.
extension RedisCommands {
    /// So many identifiers are named in a command at most.
    private static let longest = 1000

    /// Creates the group and, if it is missing, the stream.
    static func creation(of place: StreamPlace, from start: String) -> RedisCommands {
        RedisCommands("XGROUP", "CREATE", place.stream, place.group, start, "MKSTREAM")
    }

    /// Asks for new entries, and waits for a first one.
    static func new(_ count: Int, from place: StreamPlace, waiting: Duration) -> RedisCommands {
        RedisCommands(
            "XREADGROUP",
            "GROUP",
            place.group,
            place.consumer,
            "COUNT",
            "\(count)",
            "BLOCK",
            "\(waiting.milliseconds)",
            "STREAMS",
            place.stream,
            ">"
        )
    }

    /// Asks for what the consumer was given before.
    static func own(_ count: Int, from place: StreamPlace, after id: RedisStreamEntry.ID) -> RedisCommands {
        RedisCommands(
            "XREADGROUP",
            "GROUP",
            place.group,
            place.consumer,
            "COUNT",
            "\(count)",
            "STREAMS",
            place.stream,
            id.description
        )
    }

    /// Takes entries from consumers that do nothing with them.
    static func abandoned(_ count: Int, from place: StreamPlace, idle: Duration, after id: RedisStreamEntry.ID)
        -> RedisCommands
    {
        RedisCommands(
            "XAUTOCLAIM",
            place.stream,
            place.group,
            place.consumer,
            "\(idle.milliseconds)",
            id.description,
            "COUNT",
            "\(count)"
        )
    }

    /// Asks for entries that the consumer has, which count as delivered once more.
    static func again(_ ids: [RedisStreamEntry.ID], from place: StreamPlace) -> RedisCommands {
        RedisCommands(["XCLAIM", place.stream, place.group, place.consumer, "0"] + ids.map(\.description))
    }

    /// Lets the idle times of entries begin anew, if nobody else has claimed them just now.
    static func extending(_ ids: [RedisStreamEntry.ID], from place: StreamPlace, idle: Duration) -> RedisCommands {
        RedisCommands(
            ["XCLAIM", place.stream, place.group, place.consumer, "\(idle.milliseconds)"] + ids.map(\.description)
                + ["JUSTID"]
        )
    }

    /// Asks for each entry how often it was delivered.
    static func deliveryCounts(of ids: [RedisStreamEntry.ID], from place: StreamPlace) -> RedisCommands {
        var commands = RedisCommands()
        for id in ids.map(\.description) { commands.add("XPENDING", place.stream, place.group, id, id, "1") }
        return commands
    }

    /// Acknowledges entries, and perhaps deletes them.
    static func acknowledgement(of ids: [RedisStreamEntry.ID], from place: StreamPlace, deleting: Bool) -> RedisCommands
    {
        var commands = RedisCommands()
        for start in stride(from: 0, to: ids.count, by: longest) {
            let some = ids[start..<min(start + longest, ids.count)]
            commands.begin(3 + some.count)
            commands.append("XACK")
            commands.append(place.stream)
            commands.append(place.group)
            for id in some { commands.append(id) }
            guard deleting else { continue }
            commands.begin(2 + some.count)
            commands.append("XDEL")
            commands.append(place.stream)
            for id in some { commands.append(id) }
        }
        return commands
    }

    /// Adds an entry that failed to another stream and acknowledges it.
    ///
    /// A script: in a transaction an addition that fails, for example because the key holds something else, would not
    /// keep the acknowledgement from being made. An entry that is not pending any more is left alone, so that this can
    /// be repeated when its answer was lost.
    static func moving(
        _ entry: RedisStreamEntry,
        because reason: String,
        from place: StreamPlace,
        to stream: String
    ) -> RedisCommands {
        let origin = ["sluice.stream": place.stream, "sluice.id": entry.id.description, "sluice.failure": reason]
            .sorted { $0.key < $1.key }
        var commands = RedisCommands()
        commands.begin(7 + 2 * (entry.count + origin.count))
        commands.append("EVAL")
        commands.append(
            """
            if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
            redis.call('XADD', KEYS[2], '*', unpack(ARGV, 3))
            return redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
            """
        )
        commands.append("2")
        for text in [place.stream, stream, place.group, entry.id.description] { commands.append(text) }
        for field in entry.fields {
            commands.append(field.name)
            commands.append(field.value)
        }
        for (name, value) in origin {
            commands.append(name)
            commands.append(value)
        }
        return commands
    }

    /// Deletes consumers that have nothing and do nothing, and answers their names.
    ///
    /// A script: between a look at a consumer and its deletion it may be given entries, which would be lost.
    static func deletingConsumers(idle: Duration, from place: StreamPlace) -> RedisCommands {
        RedisCommands(
            "EVAL",
            """
            local gone = {}
            for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
              local about = {}
              for place = 1, #consumer, 2 do about[consumer[place]] = consumer[place + 1] end
              if about.pending == 0 and about.idle >= tonumber(ARGV[3]) and about.name ~= ARGV[2] then
                redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
                gone[#gone + 1] = about.name
              end
            end
            return gone
            """,
            "1",
            place.stream,
            place.group,
            place.consumer,
            "\(idle.milliseconds)"
        )
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { max(1, Int64(self / .milliseconds(1))) }
}
