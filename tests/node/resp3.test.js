import { defineSession } from './session.js';

defineSession(3);
