package beneath

const sysRenameat2 = 316
