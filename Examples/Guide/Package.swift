// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "guide",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "sluice", path: "../..")],
    targets: [
        .target(name: "Guide", dependencies: [.product(name: "Sluice", package: "sluice")]),
        .testTarget(
            name: "GuideTests",
            dependencies: ["Guide", .product(name: "SluiceTesting", package: "sluice")]
        ),
    ]
)
