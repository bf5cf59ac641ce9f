/** One weakness that a version must not have, or several that were fixed together. */
export interface VersionFloor {
  readonly fixes: string;
  /** What it would let whom do here. */
  readonly why: string;
  /** The first fixed version of each line of releases, oldest first. */
  readonly fixedIn: readonly string[];
  /** Packages with an older version in their name that carry the fix; later revisions of the same version carry it too. */
  readonly patchedPackages: readonly string[];
}

export interface FlooredProgram {
  /** As people call it. */
  readonly name: string;
  readonly command: string;
  readonly floors: readonly VersionFloor[];
  /** What a package manager calls it. */
  readonly packageName: string;
}

export const flooredPrograms: readonly FlooredProgram[] = [
  {
    name: "runc",
    command: "runc",
    packageName: "runc",
    floors: [
      {
        fixes: "CVE-2024-21626",
        why: "a leaked descriptor lets a hostile image or working directory reach the host's files",
        fixedIn: ["1.1.12"],
        patchedPackages: ["1.1.5+ds1-1+deb12u1"],
      },
      {
        fixes: "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881",
        why: "races in masking and mounting let a hostile container be set up with writable files of the host's /proc",
        fixedIn: ["1.2.8", "1.3.3", "1.4.0"],
        patchedPackages: [],
      },
    ],
  },
  {
    name: "runsc",
    command: "runsc",
    packageName: "runsc",
    floors: [
      {
        fixes: "holes that were found since 2023",
        why: "gVisor mends only its latest release, so an old one has every hole that was found later",
        fixedIn: ["20240101.0"],
        patchedPackages: [],
      },
    ],
  },
  {
    name: "git",
    command: "git",
    packageName: "git",
    floors: [
      {
        fixes: "CVE-2024-32002, CVE-2024-32004, CVE-2024-32465",
        why: "cloning a hostile repository can run its code",
        fixedIn: ["2.39.4", "2.40.2", "2.41.1", "2.42.2", "2.43.4", "2.44.1", "2.45.1"],
        patchedPackages: [],
      },
      {
        fixes: "CVE-2025-48384, CVE-2025-48385",
        why: "a hostile repository or server can make a clone write files of its choice",
        fixedIn: ["2.43.7", "2.44.4", "2.45.4", "2.46.4", "2.47.3", "2.48.2", "2.49.1", "2.50.1"],
        patchedPackages: ["1:2.39.5-0+deb12u3"],
      },
    ],
  },
  {
    name: "tar",
    command: "tar",
    packageName: "tar",
    floors: [
      {
        fixes: "CVE-2022-48303, CVE-2023-39804",
        why: "a hostile archive crashes it; here it unpacks images and packs checkouts, never what a policy touched",
        fixedIn: ["1.35"],
        patchedPackages: ["1.34+dfsg-1.2+deb12u1"],
      },
    ],
  },
  {
    name: "containerd",
    command: "containerd",
    packageName: "containerd",
    floors: [
      {
        fixes: "CVE-2024-40635",
        why: "an image with a very large user id runs as root",
        fixedIn: ["1.6.38", "1.7.27", "2.0.4"],
        patchedPackages: ["1.6.20~ds1-1+deb12u2"],
      },
      {
        fixes: "CVE-2024-25621",
        why: "users of the host can look into its folders, and with that into containers",
        fixedIn: ["1.7.29", "2.0.7", "2.1.5"],
        patchedPackages: ["1.6.20~ds1-1+deb12u2"],
      },
    ],
  },
  {
    name: "dockerd",
    command: "dockerd",
    packageName: "docker.io",
    floors: [
      {
        fixes: "CVE-2024-24557",
        why: "an image that is built from a hostile one can poison the build cache",
        fixedIn: ["24.0.9", "25.0.2"],
        patchedPackages: [],
      },
    ],
  },
];

/** Older lines of the kernel are mended by nobody but a distribution, if at all. */
export const kernelFloor = "5.10";
