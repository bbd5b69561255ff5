// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "sluice-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "sluice", path: ".."),
        .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
        .package(url: "https://github.com/OpenCombine/OpenCombine", from: "0.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .executableTarget(
            name: "EngineBenchmarks",
            dependencies: [
                .product(name: "Sluice", package: "sluice"),
                .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
                .product(name: "OpenCombine", package: "OpenCombine"),
                .product(name: "OpenCombineDispatch", package: "OpenCombine"),
            ],
            swiftSettings: settings
        ),
        .target(name: "AllocationCounter"),
        .executableTarget(
            name: "AllocationCheck",
            dependencies: [
                "AllocationCounter", .product(name: "Sluice", package: "sluice"),
                .product(name: "SluicePipelines", package: "sluice"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "PipelineBenchmark",
            dependencies: [
                .product(name: "Sluice", package: "sluice"), .product(name: "SluicePipelines", package: "sluice"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Pushing",
            dependencies: [.product(name: "Sluice", package: "sluice")],
            swiftSettings: settings
        ),
        .executableTarget(name: "PushingFigure", swiftSettings: settings),
        .target(name: "BareKafka", linkerSettings: [.linkedLibrary("rdkafka")]),
        .executableTarget(
            name: "KafkaBenchmark",
            dependencies: [
                "BareKafka", .product(name: "SluiceKafka", package: "sluice"),
                .product(name: "SluicePostgres", package: "sluice"), .product(name: "SluiceSinks", package: "sluice"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "BrokerBenchmark",
            dependencies: [
                .product(name: "Sluice", package: "sluice"), .product(name: "SluicePipelines", package: "sluice"),
            ],
            swiftSettings: settings
        ),
        .target(name: "BareNATS", linkerSettings: [.linkedLibrary("nats")]),
        .executableTarget(
            name: "NATSBenchmark",
            dependencies: [
                "BareNATS", "BrokerBenchmark", .product(name: "SluiceNATS", package: "sluice"),
                .product(name: "SluicePipelines", package: "sluice"),
            ],
            swiftSettings: settings
        ),
        .target(name: "BareRedis", linkerSettings: [.linkedLibrary("hiredis")]),
        .executableTarget(
            name: "RedisBenchmark",
            dependencies: [
                "BareRedis", "BrokerBenchmark", .product(name: "SluicePipelines", package: "sluice"),
                .product(name: "SluiceRedis", package: "sluice"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "SQSRequests",
            dependencies: [
                .product(name: "SluicePostgres", package: "sluice"), .product(name: "SluiceSinks", package: "sluice"),
                .product(name: "SluiceSQS", package: "sluice"), .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
    ]
)
