package beneath

const sysRenameat2 = 276
